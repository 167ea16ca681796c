"""Conversation: configuration, the pipeline, providers, and the session of one call.

This package knows conversations, not telephony: a call reaches it as a
:class:`telephony.call.Call`, whatever carries it.
"""
