"""Reads other systems' export files as streams, in bounded memory; one module a system."""
