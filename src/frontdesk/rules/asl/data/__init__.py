"""What a state does with its input, its result, its variables: JSONPath and JSONata alike."""
