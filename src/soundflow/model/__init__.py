"""The network and its vocabulary: config, tokens, encoder, adapter, decoder, cache, and the folders that hold them."""
