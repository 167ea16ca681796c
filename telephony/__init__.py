"""Calls: SIP and browser calls behind one typed boundary, :class:`telephony.call.Call`.

This package knows calls, not conversations. It imports nothing of ``agent``;
pjsua2 stays inside ``telephony.sip`` and aiortc inside ``telephony.webrtc``.
"""
