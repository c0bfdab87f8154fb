"""The SNS API: topics, subscriptions, and what is published."""
