# Varnish in front of harmhub. Set PURGE_URL to where it listens, and name it in TRUSTED_PROXIES; docs/varnish.md tells more.
vcl 4.1;

backend site {
    .host = "127.0.0.1";
    .port = "8000";
}

# Who may purge: the machines on which the site runs.
acl purgers {
    "localhost";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(405));
        }
        return (purge);
    }
    # To WSGI they are the same as those with hyphens, which Varnish writes and the site believes.
    unset req.http.X_Forwarded_For;
    unset req.http.X_Forwarded_Proto;
    # What is written in another way than the site purges it would not be found then: a query, even an empty one, a
    # fragment, letters that need no percent sign or have small digits behind it, bytes without one.
    if (req.url ~ "[?#]|%[0-7]|%[a-f]|%.[a-f]|[^!-~]") {
        return (pass);
    }
    # Whoever has a cookie is an editor, and gets what the site says at that moment: Varnish's own rule, below this.
}

sub vcl_backend_response {
    # Kept is what the site will tell of, and files whose names change with their content. Nothing else, and that is not
    # remembered either, as Varnish would by its own rule: a page may be kept as soon as the site has it in its store.
    if (beresp.http.Cache-Control !~ "s-maxage|immutable") {
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        return (deliver);
    }
}

sub vcl_deliver {
    # For this cache alone.
    set resp.http.Cache-Control = regsub(resp.http.Cache-Control, ", s-maxage=[0-9]+", "");
    unset resp.http.Age;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
}
