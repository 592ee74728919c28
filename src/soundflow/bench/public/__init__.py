"""The paper's seven other benchmarks, a file each: load the published layout, run through a session, score."""
