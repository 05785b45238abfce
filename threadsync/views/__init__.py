"""Plans, reports and findings as text, JSON and annotations: functions of values, nothing is printed here."""
