"""Addresses of the web. Nothing here opens one."""
