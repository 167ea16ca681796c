"""Calls from the browser: the page, the room that serves it, and WebRTC behind ``Call``.

``app.py`` is the web room (HTTP: page, offer and answer), ``call.py`` one call
over a peer connection, ``media.py`` its audio, ``static/`` the page. aiortc goes
no further than here.
"""
