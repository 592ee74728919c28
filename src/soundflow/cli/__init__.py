"""The program `soundflow`: one module a verb. Everything heavy is imported inside the verb, so that help is instant."""
