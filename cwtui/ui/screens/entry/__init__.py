"""The screens of sign-in and enrolment: one column, one question, one primary button."""
