"""The rrweb event stream of a tab: split, mirror, keyframes, patches. Nothing here knows a vendor or a file."""
