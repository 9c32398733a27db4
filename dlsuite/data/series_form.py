"""How rows of a table become the steps that a model reads."""
