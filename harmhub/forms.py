"""What the editing forms of all pages share."""

from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, datetime
from itertools import chain, count, islice

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.forms.pages import CopyForm as WagtailCopyForm
from wagtail.models import Page

from harmhub.publishing import faults_of

ADDRESS_LENGTH = 250  # characters, of 255: a number may follow
# Signs that turn the direction of what follows them, as they come along with pasted text.
TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


class PageForm(WagtailAdminPageForm):
    """Wagtail's form, which says how a time is written, and in whose zone a page goes live and expires, and
    asks for no address: one is made from the title."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
        for field in self.fields.values():
            if isinstance(field, forms.DateTimeField):
                field.error_messages["invalid"] = _("Write day and time like 2027-03-28 18:30.")
            elif isinstance(field, forms.DateField):
                field.error_messages["invalid"] = _("Write the day like 2027-03-28.")
        for rows in self.formsets.values():
            # Django names columns of the database, some of which no form shows.
            rows.get_unique_error_message = _same_twice
            rows.get_form_error = _same_again
        zone = timezone.get_current_timezone()
        for name in ("go_live_at", "expire_at"):
            if name in self.fields:
                self.fields[name].help_text = _("24-hour clock, time zone %s (see your account).") % zone

    def clean_title(self) -> str:
        """Return the title without signs that would also turn the words beside it, in each sentence that
        names the page. ValidationError: nothing of it can be seen."""
        title = self.cleaned_data["title"].translate(TURNS)
        if not any(sign.isprintable() and not sign.isspace() for sign in title):
            raise forms.ValidationError(self.fields["title"].error_messages["required"], code="required")
        return title

    def clean_slug(self) -> str:
        """Return the address; one that the browser made from the title gives way to what is there already,
        and so does the one of a title without a letter or digit."""
        made = slugify(self.cleaned_data.get("title", ""), allow_unicode=True) or "page"
        slug = self.cleaned_data["slug"]
        if not slug.strip("-"):  # the browser makes a hyphen of a space
            slug = made
        if slug != made:
            return slug
        base = f"{slug}-page" if self.instance.is_taken(slug) else slug
        candidates = chain([base], (f"{base[:ADDRESS_LENGTH]}-{number}" for number in count(2)))
        is_free = Page._slug_is_available
        return next(each for each in candidates if is_free(each, self.parent_page, self.instance))

    def clean_go_live_at(self) -> datetime | None:
        """Return the time to go live. ValidationError: it has none in some zones of the world."""
        return self._in_the_calendar("go_live_at")

    def clean_expire_at(self) -> datetime | None:
        """Return the time of expiry. ValidationError: as above."""
        return self._in_the_calendar("expire_at")

    def _in_the_calendar(self, name: str) -> datetime | None:
        at = self.cleaned_data[name]
        if at and not MINYEAR < at.year < MAXYEAR:
            raise forms.ValidationError(_("There is no such year in our calendar."))
        return at


class CopyForm(WagtailCopyForm):
    """Wagtail's form to copy a page, which asks of the new title and address what every page is asked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, of_page in (("new_title", "title"), ("new_slug", "slug")):
            longest = Page._meta.get_field(of_page).max_length
            self.fields[name].validators.append(MaxLengthValidator(longest))

    def clean_new_slug(self) -> str:
        """Return the address. ValidationError: it is part of others."""
        slug = self.cleaned_data["new_slug"]
        self.page.specific.refuse_taken(slug)
        return slug

    def clean(self) -> dict:
        """Refuse a public copy of what lacks something: it is stored as it is, without a form to ask."""
        cleaned = super().clean()
        asked = next((name for name in ("alias", "publish_copies") if cleaned.get(name)), None)
        if asked and (problems := list(islice(self._unfinished(), 3))):
            self.add_error(asked, problems)
        return cleaned

    def _unfinished(self) -> Iterator[str]:
        with_those_below = self.cleaned_data.get("copy_subpages")
        below = self.page.get_descendants().live().specific().iterator() if with_those_below else ()
        for page in chain([self.page.specific] if self.page.live else [], below):
            if faults := faults_of(page):
                words = _(
                    "“%(title)s” lacks something: %(faults)s. Complete it first, or copy it as a draft."
                )
                yield words % {"title": page.get_admin_display_title(), "faults": ", ".join(faults)}


def _same_twice(_fields: Sequence[str]) -> str:
    return _("The same was chosen in two rows. Please choose another in one of them, or delete one.")


def _same_again() -> str:
    return _("This row repeats one above.")
