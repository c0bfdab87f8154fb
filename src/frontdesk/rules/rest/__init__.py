"""What a REST API does to requests and answers on their way, as pure rules in AWS's words."""
