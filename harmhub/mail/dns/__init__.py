"""What the DNS says of the domain that the site's mail comes from: SPF (RFC 7208), DKIM (RFC 6376), DMARC
(RFC 7489), MX; and what is missing. Nobody but the machine's resolver is asked, and only for a page of the
admin.

``report`` gathers; the modules about one subject make findings of records and of nothing else.
"""
