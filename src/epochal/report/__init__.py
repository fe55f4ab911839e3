"""The report of a climb: one HTML file for people, a data frame for code, a table for the terminal."""

from epochal.report.page import render, write_report
from epochal.report.table import leaderboard, plain_table, repr_html, terminal_table

__all__ = ["leaderboard", "plain_table", "render", "repr_html", "terminal_table", "write_report"]
