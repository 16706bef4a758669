"""Screens before sign-in, and enrolment: one column, one question, one primary button."""
