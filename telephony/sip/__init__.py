"""SIP calls through PJSIP. Nothing of pjsua2 is visible outside this package."""
