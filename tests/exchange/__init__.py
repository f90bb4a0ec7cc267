"""What an exchange is: requests and their bodies, responses and their content, codings, text, redirects."""
