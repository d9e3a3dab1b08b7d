"""Ways to run a Bento as a preview, all behind one seam."""
