"""What snake itself asks of servers by HTTP: permissions, managers, APIs."""
