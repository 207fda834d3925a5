"""The demo newspaper: pure data, seeded by `actions/demo.py` and shown by `web/pages/demo.py`."""
