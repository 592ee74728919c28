"""Sound in: decoding, resampling, the log-mel front end, chunking, microphone."""
