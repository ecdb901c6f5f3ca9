"""An experiment as data: profiles, recipes, the plan of runs and what it costs."""
