"""Coverage-guided fuzzing, and the strict reading of Avro that it holds decoders against."""
