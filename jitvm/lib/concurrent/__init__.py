"""Doing several things."""
