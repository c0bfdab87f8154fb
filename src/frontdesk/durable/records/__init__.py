"""What a gateway does for records: functions and queues are told of changes, old versions go."""
