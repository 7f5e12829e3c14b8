"""Features benchmark: the same 77 engagement features from several systems, Parquet to Parquet."""
