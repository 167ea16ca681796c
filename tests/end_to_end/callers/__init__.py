"""Independent telephones: programs that share no code with the agent, and a wire to type on.

``baresip`` talks and listens, ``sipp`` plays out signalling message by message,
``kamailio`` stands between them as a provider would. :mod:`.media` and
:mod:`.wire` send and receive bare RTP and bare SIP where a test needs a byte
in a particular place at a particular moment.
"""
