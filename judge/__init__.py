"""The judge: what to do about what the caller is saying, while it is being said.

A :class:`~judge.moment.Moment` goes in (the conversation, the memory, perhaps unfinished
words), a :class:`~judge.judgement.Judgement` comes out. The package depends on neither
``agent`` nor ``telephony``; whoever has moments may ask it.
"""
