"""What trained models disclose: which documents each learnt, whether it tells secrets of them, and may be released."""
