"""Looking into a network: what its layers make of a picture, what they have learned, and why it answers so."""
