"""Tests of what lays down new items and assignments."""
