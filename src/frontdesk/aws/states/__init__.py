"""The Step Functions API: state machines that are made through it, executions, activities."""
