"""What a plate is: alphabets, grammars, layouts and regions, one module a country."""
