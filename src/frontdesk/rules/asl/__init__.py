"""State machines in the Amazon States Language: model, checks, data flow, interpreter, picture."""
