"""The EventBridge API: buses, rules, targets, and what is put on buses."""
