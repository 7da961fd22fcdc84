"""CRDS's rules, evaluated for products: which reference files a context gives them. Pure; as crds 14.0.3."""
