"""What tests share: servers, peers, sites, and how work is counted."""
