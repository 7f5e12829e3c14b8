"""Where somebody goes after signing in: a page of this server, never another one."""

import re
from urllib.parse import quote

HOME = "/"
# Browsers read \ as /, drop tabs and line ends, and take //host and /\host for another host.
_PAGE = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def page_after(next_page: str | None) -> str:
    """The page that was asked for where it is one of this server, else the first page.

    >>> page_after("/leads/7?tab=why"), page_after("//evil.example"), page_after("https://evil.example")
    ('/leads/7?tab=why', '/', '/')
    """
    if not next_page or len(next_page) > 2000 or not _PAGE.fullmatch(next_page) or next_page.startswith("/sign-"):
        return HOME
    return quote(next_page, safe="/?&=%:@!$'()*+,;~-._", errors="replace")


def sign_in_page(next_page: str) -> str:
    """The sign-in page that leads on to a page.

    >>> sign_in_page("/leads/7?tab=why")
    '/sign-in?next=%2Fleads%2F7%3Ftab%3Dwhy'
    """
    page = page_after(next_page)
    return "/sign-in" if page == HOME else f"/sign-in?next={quote(page, safe='')}"
