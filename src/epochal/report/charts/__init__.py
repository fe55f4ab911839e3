"""The drawings of the report: each takes plain records and gives inline SVG."""
