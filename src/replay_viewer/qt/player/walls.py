"""The walls around recorded pages: a profile that keeps nothing, an interceptor that lets nothing out, a page that
goes nowhere. Each holds by itself; docs/decisions/0006-walls.md says which stops what.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QObject, QUrl
from PySide6.QtWebEngineCore import (
    QWebEngineCertificateError,
    QWebEngineDesktopMediaRequest,
    QWebEngineDownloadRequest,
    QWebEngineFileSystemAccessRequest,
    QWebEngineFullScreenRequest,
    QWebEnginePage,
    QWebEnginePermission,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
)

from replay_viewer.qt.player.scheme import PAGE

log = logging.getLogger(__name__)

_Attribute = QWebEngineSettings.WebAttribute

_OFF = (
    _Attribute.PluginsEnabled,
    _Attribute.PdfViewerEnabled,
    _Attribute.LocalContentCanAccessFileUrls,
    _Attribute.LocalContentCanAccessRemoteUrls,
    _Attribute.LocalStorageEnabled,
    _Attribute.JavascriptCanOpenWindows,
    _Attribute.JavascriptCanAccessClipboard,
    _Attribute.JavascriptCanPaste,
    _Attribute.DnsPrefetchEnabled,
    _Attribute.HyperlinkAuditingEnabled,
    _Attribute.WebGLEnabled,
    _Attribute.ScreenCaptureEnabled,
    _Attribute.FullScreenSupportEnabled,
    _Attribute.AutoLoadIconsForPage,
    _Attribute.NavigateOnDropEnabled,
    _Attribute.AllowRunningInsecureContent,
    _Attribute.AllowGeolocationOnInsecureOrigins,
    _Attribute.AllowWindowActivationFromJavaScript,
    _Attribute.ErrorPageEnabled,
    _Attribute.SpatialNavigationEnabled,
    # Recorders report the width with scroll bars; bars of ours inside it would shift the layout.
    _Attribute.ShowScrollBars,
    _Attribute.LinksIncludedInFocusChain,
    _Attribute.FocusOnNavigationEnabled,
)

_Family = QWebEngineSettings.FontFamily

#: The generic fonts as most recorded browsers have them; Qt would take the desktop's.
_FONTS = {
    _Family.StandardFont: "Times New Roman",
    _Family.SerifFont: "Times New Roman",
    _Family.SansSerifFont: "Arial",
    _Family.FixedFont: "Courier New",
}

_Resource = QWebEngineUrlRequestInfo.ResourceType

#: What our own page asks for: itself, its script, and the line. Recorded documents need nothing but files that were
#: captured, as what they are.
_ALLOWED = {
    (_Resource.ResourceTypeMainFrame, "app"),
    (_Resource.ResourceTypeScript, "app"),
    (_Resource.ResourceTypeXhr, "data"),
    (_Resource.ResourceTypeImage, "asset"),
    (_Resource.ResourceTypeStylesheet, "asset"),
    (_Resource.ResourceTypeFontResource, "asset"),
}


class Interceptor(QWebEngineUrlRequestInterceptor):
    """Blocks every request but those of our own page, and counts what it blocks."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.blocked = 0

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:
        """Decide one request."""
        url = info.requestUrl()
        if url.scheme() == "replay" and (info.resourceType(), url.host()) in _ALLOWED:
            return
        # blob: and data: are the page's own bytes; mostly they do not come here at all.
        if url.scheme() in ("blob", "data") and info.resourceType() != _Resource.ResourceTypeMainFrame:
            return
        self.blocked += 1
        log.debug("blocked %s", url.toString()[:200])
        info.block(True)


class WalledProfile(QWebEngineProfile):
    """Off the record: no cache, cookies, permissions or downloads."""

    def __init__(self, parent: QObject | None = None) -> None:
        # Without a storage name a profile is off the record.
        super().__init__(parent)
        self.interceptor = Interceptor(self)
        self.setUrlRequestInterceptor(self.interceptor)
        self.setHttpCacheType(QWebEngineProfile.HttpCacheType.NoCache)
        self.setPersistentCookiesPolicy(QWebEngineProfile.PersistentCookiesPolicy.NoPersistentCookies)
        self.setPersistentPermissionsPolicy(QWebEngineProfile.PersistentPermissionsPolicy.AskEveryTime)
        self.setSpellCheckEnabled(False)
        self.setPushServiceEnabled(False)
        self.cookieStore().setCookieFilter(lambda request: False)
        self.downloadRequested.connect(self._no_download)
        settings = self.settings()
        for family, name in _FONTS.items():
            settings.setFontFamily(family, name)
        for attribute in _OFF:
            settings.setAttribute(attribute, False)

    @staticmethod
    def _no_download(request: QWebEngineDownloadRequest) -> None:
        request.cancel()


class WalledPage(QWebEnginePage):
    """Shows our page and nothing else: no navigation, windows, dialogs, permissions."""

    _ours: ClassVar[str] = PAGE

    def __init__(self, profile: QWebEngineProfile, parent: QObject | None = None) -> None:
        super().__init__(profile, parent)
        self.navigations_refused = 0
        self.permissionRequested.connect(self._deny)
        self.fullScreenRequested.connect(self._no_full_screen)
        self.fileSystemAccessRequested.connect(self._no_files)
        self.desktopMediaRequested.connect(self._no_capture)
        self.certificateError.connect(self._no_certificate)
        self.setAudioMuted(True)

    def acceptNavigationRequest(
        self,
        url: QUrl | str,
        type: QWebEnginePage.NavigationType,
        isMainFrame: bool,  # noqa: N803
    ) -> bool:
        """Only our own page, in the main frame."""
        if isMainFrame and QUrl(url).toString().split("#", 1)[0] in (self._ours, "about:blank"):
            return True
        self.navigations_refused += 1
        return False

    def createWindow(self, type: QWebEnginePage.WebWindowType) -> QWebEnginePage | None:  # type: ignore[override]
        """No windows."""
        return None

    def javaScriptConsoleMessage(
        self,
        level: QWebEnginePage.JavaScriptConsoleMessageLevel,
        message: str,
        lineNumber: int,  # noqa: N803
        sourceID: str,  # noqa: N803
    ) -> None:
        """The page's own troubles go to the log; what policy refuses to recordings is no trouble."""
        if sourceID.startswith(self._ours) or sourceID.endswith("/player.js"):
            log.debug("page: %s (%s:%d)", message[:500], sourceID, lineNumber)

    def javaScriptAlert(self, securityOrigin: QUrl | str, msg: str) -> None:  # noqa: N803
        """Nothing asks the person anything."""

    def javaScriptConfirm(self, securityOrigin: QUrl | str, msg: str) -> bool:  # noqa: N803
        """Nothing asks the person anything."""
        return False

    def javaScriptPrompt(self, securityOrigin: QUrl | str, msg: str, defaultValue: str) -> tuple[bool, str]:  # noqa: N803
        """Nothing asks the person anything."""
        return False, ""

    def chooseFiles(
        self,
        mode: QWebEnginePage.FileSelectionMode,
        oldFiles: Sequence[str],  # noqa: N803
        acceptedMimeTypes: Sequence[str],  # noqa: N803
    ) -> list[str]:
        """No file of this machine is offered to a page."""
        return []

    @staticmethod
    def _deny(permission: QWebEnginePermission) -> None:
        permission.deny()

    @staticmethod
    def _no_full_screen(request: QWebEngineFullScreenRequest) -> None:
        request.reject()

    @staticmethod
    def _no_files(request: QWebEngineFileSystemAccessRequest) -> None:
        request.reject()

    @staticmethod
    def _no_capture(request: QWebEngineDesktopMediaRequest) -> None:
        request.cancel()

    @staticmethod
    def _no_certificate(error: QWebEngineCertificateError) -> None:
        error.rejectCertificate()
