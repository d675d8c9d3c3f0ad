"""Coverage-guided fuzzing, and the strict reading of Avro that decoders are compared with."""
