"""Who watches a browser: dialogs, requests to elsewhere, broken policy, complaints on the console."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

# A page that is itself a refusal is reported on the console as a resource that could not be loaded.
_REFUSAL = "Failed to load resource: the server responded with a status of 4"


@dataclass
class Watch:
    """What a browser did that no page of ours should make it do; empty lists where all is well."""

    origin: str
    others: tuple[str, ...] = ()
    """Further origins that its pages may ask."""
    dialogs: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> Page:
        """Return a new page that is watched from before its first request."""
        context.route(lambda url: not self._is_ours(url), lambda route: route.abort())
        context.on("request", self._note_request)
        page = context.new_page()
        page.on("dialog", self._note_dialog)
        page.on("console", self._note_complaint)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"
        )
        return page

    @property
    def findings(self) -> list[str]:
        """Everything that was noted, in words; an empty list where all is well."""
        return [
            *(f"dialog: {text}" for text in self.dialogs),
            *(f"request: {url}" for url in self.foreign_requests),
            *(f"console: {text}" for text in self.complaints),
        ]

    def _is_ours(self, url: str) -> bool:
        return (
            url.startswith((*(f"{ours}/" for ours in (self.origin, *self.others)), "data:", "blob:"))
            or url == "about:blank"
        )

    def _note_request(self, request: Request) -> None:
        if not self._is_ours(request.url):
            self.foreign_requests.append(request.url)

    def _note_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _note_complaint(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_REFUSAL):
            self.complaints.append(message.text)
