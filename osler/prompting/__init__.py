"""ELICIT: prompting methods. One method, one file; a Strategy wraps a Strategy; none can see a target."""
