"""What a stack file may say: model, rules, loading, JSON Schema. The only reader of configuration."""
