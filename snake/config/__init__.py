"""The JSON document as frozen types: adapters write it, apps read it."""
