"""A local WeCom: the server API with its rules and limits, a phone to look at, and faults on demand.

It shares no code with the addon or its client, so that the two check each other. Everything lives in memory.
"""
