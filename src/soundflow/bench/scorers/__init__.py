"""Pure scorers of the public benchmarks: texts in, verdicts out; each rule is the one its original applies."""
