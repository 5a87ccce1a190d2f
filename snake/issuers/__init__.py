"""What issues certificates: one file per issuer."""
